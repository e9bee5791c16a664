"""A released model, the same for whoever trains, serves, scores or drills it.

    manifest     what a model says of itself               golden      rows whose right answer is known
    columns      what it takes: columns with their types   values      one value of a column, read by its type
    numbers      what a written number is                  rows        rows as arrays, and as a graph's tensors
    folder       the files on disk, whole or not at all    classifier  rows in, labels and probabilities out
    decision     from probabilities to a class             reference   what training saw, for drift
    missing      which texts mean that a value is missing  reading     take keys out of a document, gather mistakes
    writing      write a file whole or not at all         text        free text in the form in which a model reads it

Only `classifier`, `decision`, `reference` and `rows` import numpy or onnxruntime, so that drills and stacks read a
release with the standard library alone. The image copies this folder whole.
"""
