"""Any picture of a digit, turned into an image like MNIST's in TensorFlow ops.

decode: `decode_picture` reads PNG, JPEG, GIF and BMP.
normalize: `normalize_pictures` finds the ink and places it as MNIST does.
"""
