"""What is learned from: images, labels and the stream of batches."""
