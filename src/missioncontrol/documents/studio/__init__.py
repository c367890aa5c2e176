"""The document studio: documents of one mission, built from its record, each statement sourced."""
