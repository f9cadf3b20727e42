"""What an analysis refuses."""

from typing import ClassVar

from dnstide.engine.errors import EngineError


class AnalysisError(EngineError):
    """The series cannot be analysed as asked; `reason` says why and what to change."""

    code: ClassVar[str] = "ANALYSIS_REFUSED"

    def __init__(self, analysis: str, reason: str) -> None:
        super().__init__(analysis, reason)
        self.analysis, self.reason = analysis, reason

    def __str__(self) -> str:
        return f"{self.analysis}: {self.reason}"
