"""Serves a web page that classifies a digit while the user draws it."""

import asyncio
import base64
import pathlib
import random
import socket
from collections.abc import Callable

import fastapi
import numpy as np
import tensorflow as tf
import uvicorn
from nicegui import html
from nicegui import ui

from kerasadder.demo import answers
from kerasadder.demo import conversion
from kerasadder.demo.bars import Bars
from kerasadder.errors import UserError
from kerasadder.task import IMAGE_SHAPE
from kerasadder.task import NUM_NUMBERS
from kerasadder.task import OUTPUTS
from kerasadder.task import TABLES

TABLE = TABLES[0]  # the page shows the equation of this table
STYLE = pathlib.Path(__file__).with_suffix('.css')
HINT = 'Draw a digit, open a picture, or choose a test image.'
KEYS = [str(number) for number in range(NUM_NUMBERS)]
PNG_URL = 'data:image/png;base64,'


def serve(classify: Callable, listener: socket.socket) -> None:
    """Serves the page until an interrupt, and prints its address.

    Args:
        classify: The same as for `answers.answer`.
        listener: The socket that `answers.listen` returns.

    Raises:
        KeyboardInterrupt: Always, when the server has stopped.
        UserError: If the first answer fails, for example because no server
            runs.
    """
    pictures = answers.examples()
    answers.warm_up(classify)
    host, port = listener.getsockname()
    app = fastapi.FastAPI()
    conversion.add_route(app)
    ui.run_with(
        app,
        root=lambda: _Page(classify, pictures),
        title='Draw a digit',
        language='en-US',
        tailwind=False,
        show_welcome_message=False,
    )
    config = uvicorn.Config(
        app, log_level='critical', timeout_graceful_shutdown=1
    )
    print(f'http://{host}:{port}  (Ctrl-C ends it)', flush=True)
    uvicorn.Server(config).run(sockets=[listener])
    raise KeyboardInterrupt  # uvicorn does not raise it in every case


class _Drawing(ui.element, component='page.js'):
    """Holds the drawing area, a component that page.js defines.

    It runs in the browser, so that drawing does not wait for the server.
    """


class _Page:
    """Builds the page for one browser, anew each time the browser loads it."""

    def __init__(self, classify, pictures):
        self._classify = classify
        self._picture, self._hint = None, HINT
        self._is_asking = self._is_stale = False
        ui.add_css(STYLE)
        ui.keyboard(self._on_key, ignore=[])
        with html.div().classes('demo'):
            with html.header():
                html.h1('Draw a digit')
                html.p('The network reads the digit and adds your number.')
            with html.section():
                self._drawing = _Drawing()
                self._drawing.on('picture', self._on_picture)
                self._drawing.on('unreadable', self._on_unreadable)
                self._make_numbers()
            with html.section():
                self._make_answer()
            with html.section().classes('examples'):
                html.h2('Test images')
                self._make_examples(pictures)
        self._show_nothing(HINT)
        self._mark(random.randrange(NUM_NUMBERS))

    def _make_numbers(self):
        with html.div().classes('choose'):
            html.h2('Number to add')
            with html.div().classes('number'):
                digits = html.div().classes('digits')
                digits.props('role=group aria-label="Number to add"')
                with digits:
                    self._buttons = [
                        html.button(str(number)).on(
                            'click', lambda number=number: self._choose(number)
                        )
                        for number in range(NUM_NUMBERS)
                    ]
                roll = html.button('Roll').classes('roll')
                roll.on(
                    'click', lambda: self._choose(random.randrange(NUM_NUMBERS))
                )

    def _make_answer(self):
        with html.div().classes('equation').props('role=status'):
            self._digit = ui.label().classes('digit')
            ui.label(TABLE.sign).classes('sign')
            self._addend = ui.label()
            ui.label('=').classes('sign')
            self._sum = ui.label().classes('sum')
        self._said = ui.label().classes('said').props('role=status')
        with html.div().classes('distributions'):
            with html.div():
                html.h2('Network input')
                self._seen = html.img(alt='28 x 28 pixels').classes('seen')
            self._bars = {
                name: Bars(name, count) for name, (count,) in OUTPUTS.items()
            }

    def _make_examples(self, pictures):
        with html.div().classes('pictures'):
            for digit, picture in enumerate(pictures):
                url = _url(picture)
                with html.button().on(
                    'click',
                    lambda url=url: self._drawing.run_method('show_url', url),
                ):
                    html.img(src=url, alt=f'a {digit}')

    async def _on_key(self, event):
        modified = event.modifiers.ctrl or event.modifiers.alt
        if event.key.name in KEYS and event.action.keydown and not modified:
            await self._choose(int(event.key.name))

    async def _on_picture(self, event):
        url, self._hint = event.args, HINT
        self._picture = url and base64.b64decode(url.partition(',')[2])
        await self._ask()

    async def _on_unreadable(self, event):
        self._picture, self._hint = None, f'{event.args}.'
        await self._ask()

    async def _choose(self, number):
        self._mark(number)
        await self._ask()

    def _mark(self, number):
        self._number = number
        self._addend.text = str(number)
        for i, button in enumerate(self._buttons):
            button.props(f'aria-pressed={str(i == number).lower()}')

    async def _ask(self):
        """Classifies the newest picture, one at a time.

        A call during another one only marks the answer as stale. Without this,
        requests would pile up while the user draws.
        """
        self._is_stale = True
        if self._is_asking:
            return
        self._is_asking = True
        try:
            while self._is_stale and not self._seen.is_deleted:
                self._is_stale = False
                await self._ask_once()
        finally:
            self._is_asking = False

    async def _ask_once(self):
        if self._picture is None:
            self._show_nothing(self._hint)
            return
        try:
            answered = await asyncio.to_thread(
                answers.answer, self._classify, self._picture, self._number
            )
        except UserError as error:
            self._show_nothing(str(error))
        else:
            self._show(answered)

    def _show(self, answered):
        self._digit.text = str(answered['digit_label'])
        self._sum.text = str(answered[f'{TABLE.name}_label'])
        self._said.text = ', '.join(
            f'{name} {100 * answered[name].max():.1f} %' for name in OUTPUTS
        )
        self._seen.props['src'] = _url(_png(answered['image']))
        for name, bars in self._bars.items():
            bars.show(answered[name])

    def _show_nothing(self, why):
        self._digit.text = self._sum.text = '?'
        self._said.text = why
        self._seen.props['src'] = _url(_png(np.zeros(IMAGE_SHAPE)))
        for name, shape in OUTPUTS.items():
            self._bars[name].show(np.zeros(shape))


def _png(image):
    return tf.io.encode_png(tf.cast(tf.round(image), tf.uint8)).numpy()


def _url(png):
    return PNG_URL + base64.b64encode(png).decode()
