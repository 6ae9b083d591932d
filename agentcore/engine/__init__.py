"""What drives a run: planning, scheduling, attempts, verification, and the one chain of every effect."""

from loguru import logger

logger.disable("agentcore")  # a library is silent until its host says `logger.enable("agentcore")`
