"""A question → its answer: made to stand alone, retrieved for, refused or asked of a model, vouched for."""
