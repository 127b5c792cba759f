import { graphql } from '../graphql.js';

/** The names of coordinations and of the tasks of one, to choose from. */
export const COORDINATION_NAMES = graphql(`
  query CoordinationNames($after: String) {
    coordinations(first: 100, after: $after) {
      nodes {
        coordinationUuid
        coordinationName
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
`);

export const TASK_NAMES = graphql(`
  query TaskNames($coordinationUuid: ID!, $after: String) {
    tasks(coordinationUuid: $coordinationUuid, first: 100, after: $after) {
      nodes {
        taskUuid
        taskName
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
`);

export const BLUEPRINTS = graphql(`
  query Blueprints($after: String, $filter: CoordinationFilter) {
    coordinations(first: 20, after: $after, filter: $filter) {
      nodes {
        coordinationUuid
        coordinationName
        coordinationDescription
        agents {
          agentUuid
        }
        tasks(first: 20) {
          nodes {
            taskUuid
            taskName
            taskDescription
          }
          pageInfo {
            hasNextPage
            endCursor
          }
        }
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
`);

/** More tasks of one coordination. */
export const MORE_TASKS = graphql(`
  query MoreTasks($coordinationUuid: ID!, $after: String) {
    tasks(coordinationUuid: $coordinationUuid, first: 100, after: $after) {
      nodes {
        taskUuid
        taskName
        taskDescription
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
`);
