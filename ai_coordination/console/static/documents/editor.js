/** The requests of the editors. */
import { graphql } from '../graphql.js';

export const EDITED_COORDINATION = graphql(`
  fragment EditedCoordination on Coordination {
    coordinationUuid
    coordinationName
    coordinationDescription
    agents {
      agentUuid
      agentName
      agentDescription
      runtime {
        kind
        target
        parameters
      }
    }
    version
    updatedBy
    updatedAt
  }
`);

export const COORDINATION_TO_EDIT = graphql(
  `
    query CoordinationToEdit($coordinationUuid: ID!) {
      coordination(coordinationUuid: $coordinationUuid) {
        ...EditedCoordination
      }
    }
  `,
  [EDITED_COORDINATION],
);

export const CREATE_COORDINATION = graphql(
  `
    mutation CreateCoordination($input: CreateCoordinationInput!) {
      createCoordination(input: $input) {
        coordination {
          ...EditedCoordination
        }
      }
    }
  `,
  [EDITED_COORDINATION],
);

export const UPDATE_COORDINATION = graphql(
  `
    mutation UpdateCoordination($input: UpdateCoordinationInput!) {
      updateCoordination(input: $input) {
        coordination {
          ...EditedCoordination
        }
      }
    }
  `,
  [EDITED_COORDINATION],
);

export const DELETE_COORDINATION = graphql(`
  mutation DeleteCoordination($input: DeleteCoordinationInput!) {
    deleteCoordination(input: $input) {
      deletedId
    }
  }
`);

export const RUNTIMES = graphql(`
  query Runtimes {
    agentRuntimes {
      kind
      enabled
      reason
      parametersSchema
    }
  }
`);

/** The tasks of a coordination: for links, and as sub-tasks. */
export const TASKS_OF = graphql(`
  query TasksOf($coordinationUuid: ID!, $after: String) {
    coordination(coordinationUuid: $coordinationUuid) {
      tasks(first: 100, after: $after) {
        nodes {
          taskUuid
          taskName
          taskDescription
          updatedAt
        }
        pageInfo {
          hasNextPage
          endCursor
        }
      }
    }
  }
`);

/** Which agents the tasks of a coordination name. */
export const USES_OF = graphql(`
  query UsesOf($coordinationUuid: ID!, $after: String) {
    coordination(coordinationUuid: $coordinationUuid) {
      tasks(first: 25, after: $after) {
        nodes {
          taskUuid
          taskName
          subtaskQueries {
            agentUuid
          }
          agentActions {
            agentUuid
            predecessors
            delegatesTo
          }
        }
        pageInfo {
          hasNextPage
          endCursor
        }
      }
    }
  }
`);

/** Everything of a task that can be edited. */
export const EDITED_TASK = graphql(`
  fragment EditedTask on Task {
    coordinationUuid
    taskUuid
    taskName
    taskDescription
    initialTaskQuery
    subtaskQueries {
      agentUuid
      subtaskQuery
    }
    agentActions {
      agentUuid
      predecessors
      when
      input
      outputSchema
      delaySeconds
      forEach {
        items
        maxConcurrency
        toleratedFailures
      }
      repeat {
        until
        maxRounds
      }
      taskUuid
      delegatesTo
      primaryPath
      ask {
        kind
        title
        assignee
        group
        form
        options
        default
        onTimeout
        onRejection
      }
      timeoutSeconds
      answerTimeoutSeconds
      heartbeatSeconds
      retry {
        maxAttempts
        intervalSeconds
        backoffRate
      }
      onFailure
      maxTurns
    }
    output
    budget {
      tokens
      dollars
      seconds
    }
    version
    updatedBy
    updatedAt
  }
`);

export const TASK_TO_EDIT = graphql(
  `
    query TaskToEdit($coordinationUuid: ID!, $taskUuid: ID!) {
      task(coordinationUuid: $coordinationUuid, taskUuid: $taskUuid) {
        ...EditedTask
      }
    }
  `,
  [EDITED_TASK],
);

/** The agents that a task can use. */
export const MEMBERS = graphql(`
  query Members($coordinationUuid: ID!) {
    coordination(coordinationUuid: $coordinationUuid) {
      coordinationName
      agents {
        agentUuid
        agentName
        agentDescription
        runtime {
          kind
        }
      }
    }
  }
`);

export const CREATE_TASK = graphql(
  `
    mutation CreateTask($input: CreateTaskInput!) {
      createTask(input: $input) {
        task {
          ...EditedTask
        }
      }
    }
  `,
  [EDITED_TASK],
);

export const UPDATE_TASK = graphql(
  `
    mutation UpdateTask($input: UpdateTaskInput!) {
      updateTask(input: $input) {
        task {
          ...EditedTask
        }
      }
    }
  `,
  [EDITED_TASK],
);

export const DELETE_TASK = graphql(`
  mutation DeleteTask($input: DeleteTaskInput!) {
    deleteTask(input: $input) {
      deletedId
    }
  }
`);
