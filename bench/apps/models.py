"""The released models that the apps in this folder are written for; no app imports it."""

from __future__ import annotations

MODEL = "tumour"  # what everybody serves
HEAVY = "digits"  # costs a server ten times as much to answer: a support vector machine
