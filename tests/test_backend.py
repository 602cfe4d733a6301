"""Keras with another backend, in fresh processes."""

from tests.support.scripts import python


def test_other_backend_is_a_clear_error():
    done = python('import kerasadder; kerasadder.train', KERAS_BACKEND='jax')
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith(
        'kerasadder.errors.UserError: KERAS_BACKEND=jax: kerasadder needs Tens'
    )


def test_other_backend_is_one_line_of_a_command():
    done = python(
        'from kerasadder.commands import export, runner\n'
        "raise SystemExit(runner.run(export, ['--model=a.keras']))",
        KERAS_BACKEND='torch',
    )
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith('error: KERAS_BACKEND=torch: ')
