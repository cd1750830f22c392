"""Constants."""

MINUTE = 60
LONG = 15 * MINUTE
CACHE = "sqlite+aiosqlite:///bazaar.db"  # M403
