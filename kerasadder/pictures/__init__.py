"""Any picture of a digit made an image like MNIST's."""
