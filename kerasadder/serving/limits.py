"""How much a server takes at once; it imports nothing."""

# Examples a request. Without a bound one request of 50,000 images killed a
# TensorFlow Serving, which asked for 43 GB.
MAX_EXAMPLES = 1024
