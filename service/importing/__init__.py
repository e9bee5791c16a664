"""Models that were made elsewhere, brought in by one command: `outlast model import`.

    graph, inputs, outputs   an ONNX file: read whole, what it takes, what it answers
    foreign                  a model before it is ours; its readers: sklearn_model, boosted, catboost_model
    table                    the rows that it is judged by, read as the model takes them
    convert, canonical       the graph that is served, and how far it is from the original
    judge, report            metrics with intervals, the gate, the report and the model card
    limits, trial            what the model needs of a site, measured before an image is built
    naming, release          what it is called, and what goes into its manifest
    predictions, evaluated   somebody's predictions without a model
    importer, commands       all of it in order, and the options

The image holds none of it.
"""
