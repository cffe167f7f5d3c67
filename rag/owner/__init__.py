"""What a command has the owner of the data folder do, and how it asks."""
