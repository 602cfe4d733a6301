"""Turns any picture of a digit into images like MNIST's, in TensorFlow ops.

convert: `to_served` converts what Pillow reads to PNG, outside the model.
decode: `decode_picture` decodes PNG, JPEG, GIF and BMP.
png: `decode_png` decodes a PNG, in grey if it is very large.
jpeg: `decode_jpeg` shrinks a large JPEG while it decodes.
gif: `decode_gif` decodes the first frame of a GIF.
bitmap: `decode_bmp` decodes a BMP, with or without a palette.
orientation: `of_exif` reads how the camera was held; `turn_upright` turns.
limits: `require` refuses a picture with a message; `require_pixels` refuses
  one that is too large or empty.
fields: `octets` and `unsigned` read numbers from a file's bytes.
normalize: `normalize_pictures` makes two images of a picture, its readings;
  `trust` gives their weights, `seen` the reading with the larger weight.
whole: `read` takes all ink as the digit.
finding: `read` finds the digit among the things in a picture.
things: `measure` describes the things, `likeliness` scores them as digits.
ink: `grey`, `over_paper` and others separate ink from paper.
placing: `place` scales and centres ink as MNIST did.
components: `label` labels connected components.
subgraph: `subgraph` has TensorFlow optimize a part when a picture needs it.
windows: `slide_max`, `opening` and `mean` filter with windows of any size.
"""
