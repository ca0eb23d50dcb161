"""What is done and must not be done again after a restart (日志): one line each, appended."""

from __future__ import annotations

from pathlib import Path


class Journal:
    """A set of words without blanks that survives a restart."""

    def __init__(self, path: Path):
        self._path = path
        self._words = set(path.read_text("utf-8").split()) if path.exists() else set()

    def __contains__(self, word: str) -> bool:
        return word in self._words

    def add(self, word: str) -> None:
        """One more; a word that is there already is not written again."""
        if word not in self._words:
            self._words.add(word)
            with self._path.open("a", encoding="utf-8") as file:
                file.write(f"{word}\n")
