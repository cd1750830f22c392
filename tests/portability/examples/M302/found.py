from aiohttp import web

ORDERS = []


async def order(request):
    ORDERS.append(request.path)  # M302
    return web.json_response(len(ORDERS))


def create_app():
    app = web.Application()
    app.router.add_get("/order", order)
    return app
