"""Any picture of a digit, turned into an image like MNIST's in TensorFlow ops.

decode: `decode_picture` reads PNG, JPEG, GIF and BMP.
png: `decode_png`, in grey if it is too large in colour.
jpeg: `decode_jpeg`, shrunk if it is large, and upright.
gif: `decode_gif`, its first frame.
bitmap: `decode_bmp`, by colour if it has a palette.
orientation: `turn_upright` does what EXIF says of how a camera was held.
limits: `require` refuses a picture in words, `require_pixels` a large one.
fields: `part`, `octets` and `unsigned` read bytes and numbers out of a file.
normalize: `normalize_pictures` finds the ink and places it as MNIST does.
"""
