import os

from aiohttp import web

from bot.app import create_app

if __name__ == "__main__":
    web.run_app(create_app(), port=int(os.environ.get("PORT", "8080")))
