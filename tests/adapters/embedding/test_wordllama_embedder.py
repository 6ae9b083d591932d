import logging
import socket

import numpy as np
import pytest

from agentcore.adapters.embedding.wordllama import DIMENSIONS, WordLlamaEmbedder


@pytest.fixture(scope="module")
def embedder():
    return WordLlamaEmbedder()


def test_loads_offline_and_leaves_logging_alone(monkeypatch):
    def no_network(*args, **kwargs):
        raise AssertionError("reached for the network")

    monkeypatch.setattr(socket, "getaddrinfo", no_network)
    before = (logging.root.level, logging.root.handlers[:])
    assert WordLlamaEmbedder().embed(["hello"]).shape == (1, DIMENSIONS)
    assert (logging.root.level, logging.root.handlers) == before


def test_vectors_have_unit_length(embedder):
    vectors = embedder.embed(["a cat", "The volume discount is ten percent.", "你好"])
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_no_texts_and_empty_texts(embedder):
    assert embedder.embed([]).shape == (0, DIMENSIONS)
    vectors = embedder.embed(["", "word"])
    assert vectors.shape == (2, DIMENSIONS)
    assert np.isfinite(vectors).all()


def test_a_paraphrase_is_nearer_than_another_subject(embedder):
    question, same, other = embedder.embed(
        ["How long may I send goods back?", "Returns are accepted within 30 days.", "The routers weigh two kilograms."]
    )
    assert question @ same > question @ other


def test_a_text_alone_and_among_others_gets_the_same_vector(embedder):
    texts = ["short", "a rather longer sentence about discounts and orders"]
    assert np.allclose(embedder.embed(texts)[0], embedder.embed(texts[:1])[0], atol=1e-5)
