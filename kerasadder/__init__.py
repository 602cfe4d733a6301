"""A Keras model with two inputs and two outputs, from data to serving."""

import os

# Both are read when TensorFlow and Keras are first imported: no start-up
# chatter on the console, and TensorFlow whatever ~/.keras/keras.json says.
os.environ.setdefault('TF_CPP_MIN_LOG_LEVEL', '3')
os.environ['KERAS_BACKEND'] = 'tensorflow'

__version__ = '1.0.0'
