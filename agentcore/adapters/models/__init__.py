"""Models: OpenAI-compatible servers, semantic-kernel services, llama.cpp in process."""
