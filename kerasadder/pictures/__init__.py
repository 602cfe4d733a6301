"""Any picture of a digit, turned into an image like MNIST's in TensorFlow ops.

convert: `to_served` makes a PNG of what Pillow reads, before the model.
decode: `decode_picture` reads PNG, JPEG, GIF and BMP.
png: `decode_png` reads a PNG, in grey where it has no colour.
jpeg: `decode_jpeg` shrinks a large JPEG while it decodes.
gif: `decode_gif` reads the first frame of a GIF.
bitmap: `decode_bmp` reads a BMP, its palette too.
orientation: `turn_upright` does what EXIF says of how a camera was held.
limits: `require` refuses a picture in words, `require_pixels` a large one.
fields: `octets` and `unsigned` read numbers out of a file.
normalize: `normalize_pictures` reads a picture in two ways; `trust` says how
  much each counts in the answer, `seen` which one counts most.
whole: `read` takes all ink for the digit's.
finding: `read` finds the digit among the things in a picture.
things: `measure` and `likeliness` tell which thing is likeliest a digit.
ink: `grey`, `over_paper` and others tell ink from paper.
placing: `place` scales and centres ink as MNIST does.
components: `label` finds connected components.
subgraph: `subgraph` has TensorFlow prepare a part when a picture needs it.
windows: `slide_max`, `opening` and `mean` look at windows of any size.
"""
