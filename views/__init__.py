"""The Streamlit pages, one per job."""
