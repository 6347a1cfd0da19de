"""The house below the screens: records, rules, intake, planning. It knows no Streamlit."""
