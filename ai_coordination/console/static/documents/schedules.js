import { graphql } from '../graphql.js';

export const SCHEDULE = graphql(`
  fragment Schedule on TaskSchedule {
    taskUuid
    scheduleUuid
    coordinationUuid
    schedule
    timezone
    status
    nextRunAt
    version
    updatedBy
    lastSession {
      coordinationUuid
      sessionUuid
      status
      createdAt
    }
    task {
      taskName
    }
    coordination {
      coordinationName
    }
  }
`);

export const SCHEDULES = graphql(
  `
    query Schedules($after: String, $taskUuid: ID, $filter: TaskScheduleFilter) {
      taskSchedules(first: 25, after: $after, taskUuid: $taskUuid, filter: $filter) {
        nodes {
          ...Schedule
        }
        pageInfo {
          hasNextPage
          endCursor
        }
      }
    }
  `,
  [SCHEDULE],
);

export const CREATE_SCHEDULE = graphql(
  `
    mutation CreateSchedule($input: CreateTaskScheduleInput!) {
      createTaskSchedule(input: $input) {
        taskSchedule {
          ...Schedule
        }
      }
    }
  `,
  [SCHEDULE],
);

export const UPDATE_SCHEDULE = graphql(
  `
    mutation UpdateSchedule($input: UpdateTaskScheduleInput!) {
      updateTaskSchedule(input: $input) {
        taskSchedule {
          ...Schedule
        }
      }
    }
  `,
  [SCHEDULE],
);

export const DELETE_SCHEDULE = graphql(`
  mutation DeleteSchedule($input: DeleteTaskScheduleInput!) {
    deleteTaskSchedule(input: $input) {
      deletedId
    }
  }
`);
