"""Tests the demo page, most of it in a real browser."""

import base64
import io
import os
import re
import shutil
import signal
import subprocess
import sys
import urllib.parse

import numpy as np
import pytest
import tensorflow as tf
import uvicorn
from PIL import Image
from playwright import sync_api
from playwright.sync_api import expect

from kerasadder.demo import answers
from kerasadder.demo.page import serve
from tests.support.classifier import stub
from tests.support.mnist import first_images
from tests.support.photographs import photograph
from tests.support.scripts import ROOT

HINT = 'Draw a digit, open a picture, or choose a test image.'
PATIENCE = 60_000  # milliseconds


@pytest.fixture(scope='module')
def server():
    """Starts the script as a user does; yields its process and its address."""
    process = subprocess.Popen(
        [sys.executable, ROOT / 'scripts' / 'demo.py', '--port=0'],
        cwd=ROOT,
        env={**os.environ, 'PYTHONPATH': str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    line = process.stdout.readline()
    yield process, line.partition(' ')[0].strip()
    process.kill()
    process.communicate()


@pytest.fixture(scope='module')
def browser():
    chromium = shutil.which('chromium') or shutil.which('chromium-browser')
    if chromium is None:
        # CI sets REQUIRE_CHROMIUM where it can install Chromium. There the
        # tests must fail without it, because a skip would hide the problem.
        assert 'REQUIRE_CHROMIUM' not in os.environ
        pytest.skip('no Chromium on PATH: apt install chromium')
    with sync_api.sync_playwright() as playwright:
        # Chromium's sandbox needs rights that a container lacks. The tests open
        # only the project's own page, so they can do without it.
        browser = playwright.chromium.launch(
            executable_path=chromium, args=['--no-sandbox']
        )
        yield browser
        browser.close()


@pytest.fixture(scope='module')
def requested():
    """Collects the URLs of all requests of all pages in this file."""
    return []


@pytest.fixture(scope='module')
def open_page(server, browser, requested):
    """Returns a function that opens the page in a new browser context.

    The function takes the keyword arguments of `Browser.new_context`.
    """

    def new_page(**options):
        page = browser.new_context(**options).new_page()
        page.set_default_timeout(PATIENCE)
        page.on('request', lambda request: requested.append(request.url))
        page.on('websocket', lambda socket: requested.append(socket.url))
        page.goto(server[1])
        expect_said(page, HINT)
        return page

    return new_page


@pytest.fixture(scope='module')
def only_page(open_page):
    return open_page()


@pytest.fixture
def page(only_page):
    """Returns the page that the tests share, with a blank drawing area."""
    only_page.mouse.up()
    take_pen(only_page, 'Medium')
    clear = only_page.get_by_role('button', name='Clear')
    if clear.is_enabled():
        clear.click()
    expect_said(only_page, HINT)
    return only_page


def points(page, *shares):
    """Returns the positions of points on the paper, in pixels of the page.

    Args:
        page: The page.
        *shares: Pairs of x and y, as shares of the paper's width and height.
    """
    box = page.locator('.paper canvas').bounding_box()
    return [
        (box['x'] + x * box['width'], box['y'] + y * box['height'])
        for x, y in shares
    ]


def draw_7(page, lift=True):
    start, corner, end = points(page, (0.25, 0.22), (0.72, 0.2), (0.42, 0.82))
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move(*corner, steps=8)
    page.mouse.move(*end, steps=12)
    if lift:
        page.mouse.up()


def take_pen(page, name):
    page.get_by_role('radio', name=name).check()


def choose(page, number):
    page.get_by_role('button', name=str(number), exact=True).click()


def expect_equation(page, pattern):
    expect(page.locator('.equation')).to_have_text(
        re.compile(pattern), timeout=PATIENCE
    )


def expect_said(page, text):
    expect(page.locator('.said')).to_have_text(text, timeout=PATIENCE)


def drop(page, name, content):
    """Drops a file on the paper as a file manager does."""
    transfer = page.evaluate_handle(
        """([name, content]) => {
            const bytes = Uint8Array.from(atob(content), c => c.charCodeAt());
            const transfer = new DataTransfer();
            transfer.items.add(new File([bytes], name));
            return transfer;
        }""",
        [name, base64.b64encode(content).decode()],
    )
    page.dispatch_event('.paper', 'drop', {'dataTransfer': transfer})


def test_drawn_digit_and_chosen_number_are_added(page):
    choose(page, 5)
    draw_7(page)
    expect_equation(page, r'^7\+5=12$')
    choose(page, 9)
    expect_equation(page, r'^7\+9=16$')
    expect_said(page, re.compile(r'^digit \d+\.\d %, sum \d+\.\d %$'))


@pytest.mark.parametrize('pen', ['Thin', 'Thick'])
def test_digit_is_read_of_any_pen(page, pen):
    take_pen(page, pen)
    choose(page, 2)
    draw_7(page)
    expect_equation(page, r'^7\+2=9$')


def test_keyboard_takes_a_pen_of_another_width(page):
    widths = []
    for key in ('ArrowLeft', 'ArrowRight', 'ArrowRight'):
        page.get_by_role('radio', checked=True).press(key)
        start, end = points(page, (0.2, 0.5), (0.8, 0.5))
        page.mouse.move(*start)
        page.mouse.down()
        page.mouse.move(*end)
        page.mouse.up()
        widths.append(width_of_stroke(page))
        page.get_by_role('button', name='Clear').click()
    assert widths == [10, 26, 44]


def width_of_stroke(page):
    """Returns the number of dark pixels in the paper's middle column."""
    return page.locator('.paper canvas').evaluate(
        """paper => {
            const column = paper.getContext('2d').getImageData(
                paper.width / 2, 0, 1, paper.height
            ).data;
            let count = 0;
            for (let i = 0; i < column.length; i += 4) {
                if (column[i] < 128) count += 1;
            }
            return count;
        }"""
    )


def test_bars_are_the_distributions(page):
    page.get_by_role('button', name='a 7').click()
    choose(page, 9)
    expect_equation(page, r'^7\+9=16$')
    for name, count, likeliest in (('digit', 10, 7), ('sum', 19, 16)):
        said, shares = page.locator(f'.bars.{name}').evaluate(
            """chart => [
                chart.getAttribute('aria-label'),
                [...chart.querySelectorAll('.fill')].map(
                    bar => +getComputedStyle(bar).getPropertyValue('--p')
                ),
            ]"""
        )
        assert len(shares) == count
        assert sum(shares) == pytest.approx(1, abs=0.002)
        assert np.argmax(shares) == likeliest
        (percent,) = re.findall(rf'\b{likeliest}: (\d+\.\d) %', said)
        assert float(percent) == pytest.approx(100 * max(shares), abs=0.06)


def test_answer_comes_while_one_draws(page):
    draw_7(page, lift=False)
    expect_equation(page, r'^\d\+\d=\d+$')


def test_page_shows_what_the_network_saw(page):
    assert seen(page).max() == 0
    page.get_by_role('button', name='a 7').click()
    expect_equation(page, r'^7')
    # Normalisation recognises an MNIST image and hardly changes it.
    np.testing.assert_allclose(seen(page), first_images(1)[0, ..., 0], atol=5)


def seen(page):
    """Returns the network input that the page shows, `(28, 28)`, 0..255."""
    url = page.locator('.seen').get_attribute('src')
    encoded = base64.b64decode(url.partition(',')[2])
    return np.array(Image.open(io.BytesIO(encoded)), float)


def test_cleared_paper_is_a_hint_and_no_error(page):
    draw_7(page)
    expect_equation(page, r'^7')
    page.get_by_role('button', name='Clear').click()
    expect_said(page, HINT)
    expect_equation(page, r'^\?\+\d=\?$')


def test_opened_photograph_is_read(page):
    choose(page, 7)
    page.locator('input[type=file]').set_input_files(
        {
            'name': 'photo.jpg',
            'mimeType': 'image/jpeg',
            'buffer': photograph(5, seed=0),
        }
    )
    expect_equation(page, r'^5\+7=12$')
    draw_7(page)  # replaces the photograph
    expect_equation(page, r'^7\+7=14$')


def test_dropped_photograph_is_turned_upright(page):
    """A telephone stores a picture unrotated, with its rotation in the EXIF."""
    choose(page, 0)
    lying = Image.open(io.BytesIO(photograph(4, seed=1))).rotate(
        90, expand=True
    )
    exif = Image.Exif()
    exif[0x0112] = 6  # the viewer must rotate by 90 degrees clockwise
    buffer = io.BytesIO()
    lying.save(buffer, 'JPEG', exif=exif)
    drop(page, 'photo.jpg', buffer.getvalue())
    expect_equation(page, r'^4\+0=4$')


def test_kind_that_no_browser_reads_is_read(page):
    choose(page, 3)
    image = Image.open(io.BytesIO(photograph(5, seed=0)))
    buffer = io.BytesIO()
    image.save(buffer, 'TIFF')
    assert len(buffer.getvalue()) > 1_000_000  # too large for one message
    drop(page, 'scan.tif', buffer.getvalue()[:1000])
    expect_said(page, re.compile(r'^scan\.tif is damaged \(.*\)\.$'))
    drop(page, 'scan.tif', buffer.getvalue())
    expect_equation(page, r'^5\+3=8$')


def test_what_shows_no_digit_gets_the_reason(page):
    drop(page, 'notes.txt', b'no picture')
    expect_said(page, 'notes.txt is not a picture.')
    white = tf.io.encode_png(tf.fill((50, 40, 3), tf.constant(255, tf.uint8)))
    drop(page, 'white.png', white.numpy())
    expect_said(page, 'The picture shows no ink: it is blank')
    draw_7(page)
    expect_equation(page, r'^7')


def test_every_example_is_read(page):
    choose(page, 1)
    for digit in range(10):
        page.get_by_role('button', name=f'a {digit}').click()
        expect_equation(page, rf'^{digit}\+1={digit + 1}$')


def test_number_is_rolled(page):
    addend = page.locator('.equation div').nth(2)
    numbers = set()
    for _ in range(100):
        page.get_by_role('button', name='Roll').click()
        numbers.add(addend.inner_text())
        if len(numbers) > 3:
            break
    assert len(numbers) > 3
    assert numbers <= set('0123456789')


def test_keyboard_draws_and_chooses(page):
    page.locator('header').click()
    page.keyboard.press('Tab')  # moves the focus to the paper
    for key in ['ArrowUp'] * 5 + [' '] + ['ArrowDown'] * 10 + [' ']:
        page.keyboard.press(key)
    page.keyboard.press('4')
    expect_equation(page, r'^1\+4=5$')


def test_finger_draws_on_a_telephone(open_page):
    page = open_page(
        viewport={'width': 375, 'height': 667}, has_touch=True, is_mobile=True
    )
    wide = page.evaluate('document.documentElement.scrollWidth')
    assert wide == page.evaluate('innerWidth') == 375
    corners = np.array(points(page, (0.25, 0.22), (0.72, 0.2), (0.42, 0.82)))
    path = [
        corners[i] + share * (corners[i + 1] - corners[i])
        for i in range(2)
        for share in np.linspace(0, 1, 8)
    ]
    touch = page.context.new_cdp_session(page)
    for kind, where in [('touchStart', path[0])] + [
        ('touchMove', where) for where in path[1:]
    ]:
        touch.send(
            'Input.dispatchTouchEvent',
            {'type': kind, 'touchPoints': [{'x': where[0], 'y': where[1]}]},
        )
    touch.send(
        'Input.dispatchTouchEvent', {'type': 'touchEnd', 'touchPoints': []}
    )
    expect_equation(page, r'^7')
    assert page.evaluate('scrollY') == 0


def test_no_request_leaves_this_machine(page, server, requested):
    """The test covers the requests of all tests that ran before it."""
    urls = [urllib.parse.urlsplit(url) for url in requested]
    assert {url.scheme for url in urls} >= {'http', 'ws'}
    address = urllib.parse.urlsplit(server[1]).netloc
    assert {
        url.netloc for url in urls if url.scheme not in ('data', 'blob')
    } == {address}


def test_interrupt_ends_it_quietly(page, server):
    """This test stops the server, so it is the last test that uses it.

    A page of the server is still open.
    """
    process, address = server
    process.send_signal(signal.SIGINT)
    out, errors = process.communicate(timeout=60)
    assert (process.returncode, errors, out) == (130, '', '')
    assert address.startswith('http://127.0.0.1:')


def test_serving_ends_in_an_interrupt(monkeypatch):
    monkeypatch.setattr(uvicorn.Server, 'run', lambda self, sockets: None)
    with (
        answers.listen('127.0.0.1', 0) as listener,
        pytest.raises(KeyboardInterrupt),
    ):
        serve(stub, listener)
