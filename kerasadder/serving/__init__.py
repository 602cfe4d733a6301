"""The trained model in use: exported, loaded again, asked over the network.

export: `export_saved_model` writes the next version, whole or not at all.
folding: `folded` copies a model without batch normalisation.
formats: `export_file` writes ONNX or LiteRT, `load` reads them.
signatures: `of_model` is what a served model answers to.
limits: how many examples a request may have.
warmup: `warmup_records` are the requests that a server warms up with.
shipped: finds the trained model that comes with this package.
model_files: `load_model`, `load_saved_model`, `load_classifier`.
client: `Client` asks a TensorFlow Serving.
transports: `Rest` and `Grpc` carry its requests.
"""
