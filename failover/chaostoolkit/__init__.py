"""Drills for the Chaos Toolkit: actions and probes for its experiments, and our journal in its format.

    actions            take a site out, give it back, run a whole drill
    probes             what DNS answers, what a client gets, what one site does
    journal            a drill's journal as `chaos run` would have written it
    lose-a-site.json   an experiment that an unmodified `chaos run` executes

The functions need nothing of the toolkit; it needs them importable: `pip install 'outlast[chaos]'` installs both.
"""
