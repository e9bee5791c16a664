"""The types of machines that SageMaker trains on: botocore's shape TrainingInstanceType, which a test compares.

Written down here, because reading the whole model of the service holds the sandbox's daemon for a second.
"""

from __future__ import annotations

_SIZES = """
    c4: xlarge 2xlarge 4xlarge 8xlarge
    c5: xlarge 2xlarge 4xlarge 9xlarge 18xlarge
    c5n: xlarge 2xlarge 4xlarge 9xlarge 18xlarge
    c6i: xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge 32xlarge
    c7i-flex: xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge
    c7i: large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge 48xlarge
    c8i-flex: xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge
    c8i: xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge 32xlarge 48xlarge 96xlarge
    g4dn: xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge
    g5: xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge 48xlarge
    g6: xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge 48xlarge
    g6e: xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge 48xlarge
    g7: 2xlarge 4xlarge 8xlarge 12xlarge 24xlarge 48xlarge
    g7e: 2xlarge 4xlarge 8xlarge 12xlarge 24xlarge 48xlarge
    m4: xlarge 2xlarge 4xlarge 10xlarge 16xlarge
    m5: large xlarge 2xlarge 4xlarge 12xlarge 24xlarge
    m6i: large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge 32xlarge
    m7i-flex: large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge
    m7i: large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge 48xlarge
    m8i-flex: large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge
    m8i: large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge 32xlarge 48xlarge 96xlarge
    p2: xlarge 8xlarge 16xlarge
    p3: 2xlarge 8xlarge 16xlarge
    p3dn: 24xlarge
    p4d: 24xlarge
    p4de: 24xlarge
    p5: 4xlarge 48xlarge
    p5e: 48xlarge
    p5en: 48xlarge
    p6-b200: 48xlarge
    p6-b300: 48xlarge
    p6e-gb200: 36xlarge
    r5: large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge
    r5d: large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge
    r6i: large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge 32xlarge
    r7i: large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge 48xlarge
    r8i-flex: large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge
    r8i: large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge 32xlarge 48xlarge 96xlarge
    t3: medium large xlarge 2xlarge
    trn1: 2xlarge 32xlarge
    trn1n: 32xlarge
    trn2: 48xlarge
"""


def _read(text: str) -> frozenset[str]:
    rows = (line.partition(":") for line in text.strip().splitlines())
    return frozenset(f"ml.{family.strip()}.{size}" for family, _, sizes in rows for size in sizes.split())


TYPES = _read(_SIZES)
"""Every type, as a request names it."""
