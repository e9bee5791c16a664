"""A client that outlives the loss of a site: `Endpoint`, its asynchronous twin, their answers and their errors."""

from __future__ import annotations

from failover.client.answers import Inference, Prediction, Reply
from failover.client.asynchronous import AsyncEndpoint
from failover.client.core import Reach
from failover.client.endpoint import Endpoint
from failover.client.errors import EndpointError, NoAddress, NoAnswer, ReceiptMismatch, RequestRefused, Try
from failover.client.policy import Policy
from failover.client.receipts import Receipt, read_receipt

__all__ = [
    "AsyncEndpoint",
    "Endpoint",
    "EndpointError",
    "Inference",
    "NoAddress",
    "NoAnswer",
    "Policy",
    "Prediction",
    "Reach",
    "Receipt",
    "ReceiptMismatch",
    "Reply",
    "RequestRefused",
    "Try",
    "read_receipt",
]
