"""A question made ready: it stands alone, asks one thing, and is put in the words of the documents."""
