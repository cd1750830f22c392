from telegram_webhook.app import create_app

__all__ = ["create_app"]
