"""Serves a web page on which a user draws digits.

page: `serve` serves the page until an interrupt.
bars: `Bars` shows a distribution on it.
conversion: `add_route` adds a route that converts pictures for the browser.
answers: `answer` classifies a picture for the page; `listen` opens its port.
"""
