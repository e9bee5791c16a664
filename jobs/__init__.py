"""One training job for SageMaker, Azure ML and Vertex AI: what is asked for, the three requests, and who sends them."""
