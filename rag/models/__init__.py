"""The model catalogue, and how the chosen model is called, whoever provides it."""
