/**
 * Every request of the console. Tests check each one against the schema, and its cost.
 */
import { graphql } from './graphql.js';

export const SESSIONS = graphql(`
  query Sessions($after: String, $filter: SessionFilter) {
    sessions(first: 25, after: $after, filter: $filter) {
      nodes {
        coordinationUuid
        sessionUuid
        taskUuid
        scheduleUuid
        userId
        status
        createdAt
        startedAt
        finishedAt
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
`);
