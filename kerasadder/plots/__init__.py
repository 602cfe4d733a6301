"""Figures of data, scores and the learned table: arrays in, figures out."""
