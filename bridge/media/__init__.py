"""Files: what they are called, where they are kept, how they are fetched from elsewhere and how they are given out.

Owns the one way in and the one way out of every file. It must never pass a platform's link on, trust a name or a type,
nor hold a whole file in memory.
"""

from bridge.media.fetcher import Fetcher, Guard, Location
from bridge.media.store import CHUNK, Files, Kept, TooLarge

__all__ = ["CHUNK", "Fetcher", "Files", "Guard", "Kept", "Location", "TooLarge"]
