"""The whole path from a raw row to probabilities as one scikit-learn Pipeline, so that all of it is exported.

Every cast is a step of the pipeline, before anything is learnt: what ONNX sees at serving is what scikit-learn saw at
training. The input is cast to float32, as it arrives; then the algorithms that do arithmetic on it go on in float64
(in both runtimes), and forests, which only compare, stay with float32, as scikit-learn's trees do.
"""

from __future__ import annotations

import numpy as np
from skl2onnx.sklapi import CastTransformer
from sklearn.base import BaseEstimator
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler


def build_pipeline(classifier: BaseEstimator) -> Pipeline:
    """Casts, imputation and standardisation before a classifier."""
    return Pipeline(
        [
            ("as_input", CastTransformer(dtype=np.float32)),
            ("impute", SimpleImputer(strategy="median", keep_empty_features=True)),
            ("as_double", CastTransformer(dtype=np.float64)),
            ("standardise", StandardScaler()),
            ("classifier", classifier),
        ]
    )
