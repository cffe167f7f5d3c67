"""Mail, mailboxes and calendars, Outlook's too."""
