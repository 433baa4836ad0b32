"""The site for drivers (当事人查询): one case, by the code on a slip; no session, no officer."""
