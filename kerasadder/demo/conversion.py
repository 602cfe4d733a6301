"""Converts pictures in formats that browsers do not read, such as TIFF."""

import asyncio

import fastapi

from kerasadder.errors import UserError
from kerasadder.pictures import convert

# A browser sends this type from another site's page only after asking the
# server, and this server does not consent. So other sites cannot use the route.
TYPE = 'application/octet-stream'


def add_route(app: fastapi.FastAPI) -> None:
    """Adds the route `POST /convert`, which converts a picture to a PNG.

    The body of a request is a file. The response has status 200 and what
    `convert.to_served` returns, or a reason as text and one of these statuses:

    - 413: the file is larger than `convert.MAX_BYTES`.
    - 415: the content type of the request is not `TYPE`.
    - 422: `convert.to_served` refuses the file.

    Args:
        app: The application that serves the page.
    """
    app.add_api_route('/convert', _convert, methods=['POST'])


async def _convert(request: fastapi.Request) -> fastapi.Response:
    if request.headers.get('content-type') != TYPE:
        return fastapi.Response(f'must be {TYPE}', 415)
    picture = bytearray()
    async for chunk in request.stream():
        picture += chunk
        if len(picture) > convert.MAX_BYTES:
            return fastapi.Response(
                f'has more than {convert.MAX_BYTES} bytes', 413
            )
    try:
        png = await asyncio.to_thread(convert.to_served, bytes(picture))
    except UserError as error:
        return fastapi.Response(str(error), 422)
    return fastapi.Response(png, media_type=TYPE)
