"""The model gateway beside the bare upstream and LiteLLM's proxy."""
