"""What is shipped as data: migrations, reference tables, the demo street."""
