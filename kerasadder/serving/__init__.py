"""The exported model: its signatures, its files, its client."""
