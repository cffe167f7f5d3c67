"""What the document says that an office suite saved in several formats (``files/policy.*``)."""

POLICY = [
    ("heading", 1, "Travel policy"),
    ("paragraph", 0, "Employees book trains & hotels – “early” – 14 days ahead."),
    ("heading", 2, "Rates"),
    ("table", 0, "City | Hotel | Meal\nOslo | 200 | 20\n東京 | 18,000円 | 2,000円"),
    ("list", 0, "- Keep receipts\n- Ask first\n1. Fill in the form\n2. Send it"),
    ("paragraph", 0, "Before the break"),
    ("heading", 1, "出張規程"),
    ("heading", 2, "第1条（目的）"),
    ("paragraph", 0, "この規程は、社員の出張について定める。テスト表示①㈱。"),
    ("paragraph", 0, "Seen"),
]
"""Its blocks: kind, level, text."""
