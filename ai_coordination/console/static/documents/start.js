import { graphql } from '../graphql.js';

/** What a person needs to know of a task to start it. */
export const TASK_TO_START = graphql(`
  query TaskToStart($coordinationUuid: ID!, $taskUuid: ID!) {
    task(coordinationUuid: $coordinationUuid, taskUuid: $taskUuid) {
      taskUuid
      taskName
      taskDescription
      initialTaskQuery
      variables
      budget {
        tokens
        dollars
        seconds
      }
    }
  }
`);

export const START_SESSION = graphql(`
  mutation StartSession($input: StartSessionInput!) {
    startSession(input: $input) {
      session {
        coordinationUuid
        sessionUuid
      }
    }
  }
`);
