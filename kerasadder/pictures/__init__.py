"""Any picture of a digit, turned into an image like MNIST's in TensorFlow ops.

decode: `decode_picture` reads PNG, JPEG, GIF and BMP.
png, jpeg, gif, bitmap: `decode_png`, `decode_jpeg`, `decode_gif`, `decode_bmp`.
orientation: `turn_upright` does what EXIF says of how a camera was held.
limits: `require` refuses a picture in words, `require_pixels` a large one.
fields: `octets` and `unsigned` read numbers out of a file.
normalize: `normalize_pictures` finds the ink and places it as MNIST does.
"""
