"""Operations on a session as a whole: start, dispatch, retry and end."""
