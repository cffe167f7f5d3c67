"""Word documents of the format of Word 97 to 2003 (``.doc``)."""
