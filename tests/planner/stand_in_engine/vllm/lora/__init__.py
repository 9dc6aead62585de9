"""What vLLM has there."""
