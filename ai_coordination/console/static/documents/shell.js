import { graphql } from '../graphql.js';

export const VIEWER = graphql(`
  query Viewer {
    viewer {
      endpointId
      partId
      userId
      groups
    }
  }
`);
