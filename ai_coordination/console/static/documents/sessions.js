import { graphql } from '../graphql.js';

/** A page of the list. Counts of running sessions cost a read of their agents, so they are asked for more rarely. */
export const SESSIONS = graphql(`
  query Sessions($coordinationUuid: ID, $filter: SessionFilter, $after: String, $withProgress: Boolean!) {
    sessions(coordinationUuid: $coordinationUuid, first: 25, after: $after, filter: $filter) {
      nodes {
        coordinationUuid
        sessionUuid
        taskUuid
        scheduleUuid
        coordinationName
        taskName
        userId
        status
        createdAt
        startedAt
        finishedAt
        labels {
          key
          value
        }
        progress @include(if: $withProgress) {
          total
          initial
          inProgress
          waitingForInput
          completed
          failed
          skipped
          cancelled
        }
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
`);

/** Find a session when nothing but its UUID is known. */
export const FIND_SESSION = graphql(`
  query FindSession($sessionUuid: ID!) {
    session(sessionUuid: $sessionUuid) {
      coordinationUuid
      sessionUuid
    }
  }
`);
