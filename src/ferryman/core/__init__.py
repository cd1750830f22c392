"""What every target shares: loading the app, its life, its context, its settings.

The modules of this package are the runtime half: they ship in every artifact and
import only the standard library and aiohttp. The build half lives in `core.build`
and never travels. Nothing here knows any target.
"""
